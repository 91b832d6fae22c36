/** Exports what the SDK answers, without a word on its types: the compiler has to find names for them. It is compiled, not run. */
import { createAuthClient } from "@latchkey/client";
import { createServerSession } from "@latchkey/client/server";

export const auth = createAuthClient({ url: "http://localhost:3000" });
export const api = auth.api;
export const signIn = auth.signIn;
export const getState = () => auth.getSnapshot();
export const getMe = () => auth.api.me.get.query();
export const updateMe = () => auth.api.me.update.mutate({ city: "İzmir" });
export const changePassword = (currentPassword: string, newPassword: string) =>
  auth.api.me.changePassword.mutate({ currentPassword, newPassword });
export const listPermissions = () => auth.api.me.permissions.query();
export const listDevices = () => auth.api.sessions.list.query();
export const listUsers = () => auth.api.users.list.query({});
export const listGroups = () => auth.api.groups.list.query();
export const listEvents = () => auth.api.audit.list.query({});
export const refresh = (refreshToken: string) => auth.api.token.refresh.mutate({ refreshToken });
export const obtain = (username: string, password: string) => auth.api.token.obtain.mutate({ username, password });
export const inspect = (token: string) => auth.api.token.verify.mutate({ token });

export const serverSession = createServerSession({ url: "http://localhost:3000" });
export const openSession = (request: Request) => serverSession(request);
export const getUser = async (request: Request) => (await serverSession(request)).user();
export const getUsersOnServer = async (request: Request) => (await serverSession(request)).api.users.list.query({});
export const handle = serverSession.handler((_request, session) => new Response(String(session.isSignedIn)));
