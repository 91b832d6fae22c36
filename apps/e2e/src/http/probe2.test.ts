import { connect } from "node:net";
import { test, vi } from "vitest";
import { startLiveServer } from "../live-server.ts";
test("probe2", async () => {
  await using live = await startLiveServer();
  const out: string[] = [];
  for (const k of ["log","info","error","warn"] as const) vi.spyOn(console, k).mockImplementation((...a) => void out.push("CONSOLE "+k+" "+a.map(String).join(" ").slice(0,300)));
  const { port } = new URL(live.url);
  const wait = (n: number) => new Promise((r) => setTimeout(r, n));
  for (const head of ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a", "Content-Length: 1000000\r\n\r\n{"]) for (const mode of ["reset", "fin"]) {
    const s = connect(Number(port), "127.0.0.1"); s.on("error", () => {});
    s.write("POST /trpc/token.obtain HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + head);
    await wait(100);
    mode === "reset" ? s.resetAndDestroy() : s.destroy();
    await wait(200);
    out.push(head.slice(0, 20) + mode, ...live.logged.splice(0));
  }
  vi.restoreAllMocks();
  console.log(out.join("\n"));
});
