import { measureSize, sizeBudget } from "./measure-size.ts";

const { base, withSdk, difference } = await measureSize();
const show = (label: string, bytes: number) => `${label.padEnd(24)}${bytes.toLocaleString("en").padStart(8)} bytes`;

console.log("Minified and compressed (gzip), as a page loads it:");
console.log(show("@trpc/client", base));
console.log(show("with @latchkey/client", withSdk));
console.log(show("difference", difference));
console.log(show("allowed", sizeBudget));
