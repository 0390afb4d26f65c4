import { searchForm } from "../../assets/portfolio/search_form.js";
import { equal } from "./support.js";

Deno.test("letters and digits alone, without case and accents", () => {
  equal(["★ StatTrak™ M4A1-S", "Dragon Lóre", "龍王"].map(searchForm), ["stattrakm4a1s", "dragonlore", "龍王"]);
});
