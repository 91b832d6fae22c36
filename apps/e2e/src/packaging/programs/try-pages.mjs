// What a browser is shown by a server that was made from docs/pages.md: `DATABASE_URL=… LATCHKEY_SECRET=… node try-pages.mjs`.
import { answer } from "./pages.ts";

const get = (path) => answer(new Request(`https://example.com${path}`), { remoteAddress: "127.0.0.1" });
const page = await get("/auth/sign-in");
const html = await page.text();
const [, style] = /href="([^"]+\.css)"/.exec(html) ?? [];
const others = await Promise.all([style, "/auth/trpc/auth.me.get", "/sign-in"].map(get));
const told = { statuses: [page, ...others].map(({ status }) => status), isNamed: html.includes("Corner Shop") };
console.log(JSON.stringify(told));
process.exit(0);
