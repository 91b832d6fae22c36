import { close, latchkey } from "./latchkey.ts";

const [username, permission] = process.argv.slice(2);
if (!username || !permission) throw new Error("Usage: pnpm grant <username> <permission>");
await latchkey.auth.operator.grant(username, { permission });
await close();
