import { csvFile, csvLines } from "../../assets/ui/csv.js";
import { equal } from "./support.js";

Deno.test("text that a spreadsheet would run is guarded, numbers stay", () => {
  equal(csvLines([["=1", "a\tb", -3, null]], "\t"), ["'=1\t\"a\tb\"\t-3\t"]);
});
Deno.test("a file says that it is UTF-8 and ends its lines as spreadsheets do", async () => {
  const bytes = new Uint8Array(await csvFile([["★", 'a"b']]).arrayBuffer());
  equal(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), '\ufeff★,"a""b"\r\n');
});
