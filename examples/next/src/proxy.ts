import { type NextRequest, NextResponse } from "next/server";
import { serverSession } from "./session.ts";

/** Renews the session where it is due, for the browser and for all that renders behind. */
export async function proxy(request: NextRequest): Promise<Response> {
  const session = await serverSession(request);
  return session.commit(NextResponse.next({ request: { headers: session.requestHeaders() } }));
}

/** A route handler does that by itself. */
export const config = { matcher: "/((?!_next/|api/).*)" };
