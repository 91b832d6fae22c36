import { measureSize, sizeBudgets, totalBudget } from "./measure-size.ts";

const { base, withSdk, withCodes, withReact } = await measureSize();
const show = (label: string, bytes: number, more = "") =>
  `${label.padEnd(28)}${bytes.toLocaleString("en").padStart(8)} bytes${more}`;
const compare = (bytes: number, allowed: number) =>
  ` (${bytes.toLocaleString("en")} more, of ${allowed.toLocaleString("en")} allowed)`;

console.log("Minified and compressed (gzip), as a page loads it:");
console.log(show("@trpc/client", base));
console.log(show("with @latchkey/client", withSdk, compare(withSdk - base, sizeBudgets.sdk)));
console.log(show("with @latchkey/client/codes", withCodes, compare(withCodes - withSdk, sizeBudgets.codes)));
console.log(show("with @latchkey/client/react", withReact, compare(withReact - withSdk, sizeBudgets.react)));
console.log(`@trpc/client and the SDK may have ${totalBudget.toLocaleString("en")} bytes together`);
