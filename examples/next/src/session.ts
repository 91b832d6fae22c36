import { createServerSession } from "@latchkey/client/server";
import { cookies, headers } from "next/headers";
import { cache } from "react";

export const serverSession = createServerSession({
  url: process.env.LATCHKEY_URL ?? "http://127.0.0.1:3000",
  // With the service's FORWARDED_SECRET, each person has limits of their own. Your proxy must write `x-real-ip` itself.
  forwardedSecret: process.env.FORWARDED_SECRET,
  clientAddress: ({ headers }) => headers.get("x-real-ip"),
});

/** For components: one session for all that render for a request. It renews nothing; the proxy has done so. */
export const readSession = cache(async () => serverSession({ headers: await headers() }));

/** For server actions: runs one with the session of the browser, and answers with the cookies that it changed. */
export async function withSession<T>(act: (session: Session) => Promise<T>): Promise<T> {
  const session = await serverSession(new Request("http://action", { headers: await headers() }));
  try {
    return await act(session);
  } finally {
    for (const cookie of session.cookies()) (await cookies()).set(cookie);
  }
}

type Session = Awaited<ReturnType<typeof serverSession>>;
