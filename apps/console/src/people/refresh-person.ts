import { queryClient, trpc } from "../service.ts";

/** Reads anew whatever is shown of people, after one was changed. */
export async function refreshPeople(): Promise<void> {
  await Promise.all(
    [trpc.users.pathKey(), trpc.audit.pathKey()].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
  );
}
