import { queue } from "../../assets/ui/turns.js";
import { equal } from "./support.js";

Deno.test("one begins when the one before has ended, well or not", async () => {
  const inTurn = queue();
  /** @type {string[]} */
  const seen = [];
  /** @param {string} name @param {number} wait */
  const slow = (name, wait) => async () => {
    seen.push(`${name} begins`);
    await new Promise((done) => setTimeout(done, wait));
    seen.push(`${name} ends`);
    if (name === "b") throw new TypeError(name);
    return name;
  };
  const [a, b, c] = await Promise.allSettled([inTurn(slow("a", 20)), inTurn(slow("b", 5)), inTurn(slow("c", 0))]);
  equal(seen, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  equal([a.status, b.status, c.status], ["fulfilled", "rejected", "fulfilled"]);
});
