// What a client does with a server that was made from docs/mount.md: `node try-mounted.mjs <host's file> <port>`.
const [file, port] = process.argv.slice(2);
await import(`./${file}`);
const url = `http://127.0.0.1:${port}`;
const send = (path, init) => fetch(`${url}${path}`, init);

function post(path, input) {
  const body = JSON.stringify(input);
  return send(path, { method: "POST", headers: { "content-type": "application/json" }, body });
}
const username = `user_${port}`;
const registered = await post("/trpc/auth.account.register", { username, password: "correct horse battery" });
const { token } = (await registered.json()).result.data;
const listed = await send("/trpc/orders.list", { headers: { authorization: `Bearer ${token}` } });
const refused = await send("/trpc/orders.list");
const large = await post("/trpc/auth.token.obtain", { username, password: "x".repeat(70_000) });
const odd = await send("/trpc/orders.list", { method: "DELETE" });
const keys = await send("/.well-known/jwks.json");
const told = {
  listed: (await listed.json()).result.data,
  reason: (await refused.json()).error.data.reason,
  challenge: refused.headers.get("www-authenticate"),
  statuses: [registered, listed, refused, large, odd].map(({ status }) => status),
  keys: keys.status,
};
console.log(JSON.stringify(told));
process.exit(0);
