import { useMutation, useQuery } from "@tanstack/react-query";
import { explain } from "./auth.ts";
import { queryClient, trpc } from "./queries.ts";

/** Where the person is signed in. A device that is ended here is signed out at its next call. */
export function Devices() {
  const devices = useQuery(trpc.sessions.list.queryOptions());
  const end = useMutation(
    trpc.sessions.revoke.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(trpc.sessions.list.queryFilter()),
    }),
  );
  const error = devices.error ?? end.error;
  return (
    <section aria-labelledby="devices">
      <h2 id="devices">Your devices</h2>
      {error && <p role="alert">{explain(error)}</p>}
      <ul>
        {devices.data?.map(({ id, device, current, lastUsedAt }) => (
          <li key={id}>
            <span>{device ?? "Unknown device"}</span>
            <small>{current ? "This device" : new Date(lastUsedAt).toLocaleString()}</small>
            {!current && (
              <button type="button" disabled={end.isPending} onClick={() => end.mutate({ id })}>
                End
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
