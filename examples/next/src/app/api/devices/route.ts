import { isAuthError } from "@latchkey/client";
import type { ServerSession } from "@latchkey/client/server";
import { serverSession } from "../../../session.ts";

export type Device = Awaited<ReturnType<ServerSession["api"]["sessions"]["list"]["query"]>>[number];

export const GET = serverSession.handler((_, session) => answer(() => session.api.sessions.list.query()));

export const DELETE = serverSession.handler((request, session) =>
  answer(async () => {
    const { id } = await request.json();
    await session.api.sessions.revoke.mutate({ id });
    return session.api.sessions.list.query();
  }),
);

/** Refusals of the service go on to the browser as they are. */
async function answer(ask: () => Promise<readonly Device[]>): Promise<Response> {
  try {
    return Response.json(await ask());
  } catch (error) {
    if (!isAuthError(error)) throw error;
    return Response.json({ reason: error.data.reason }, { status: error.data.httpStatus });
  }
}
