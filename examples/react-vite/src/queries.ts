import { isAuthError } from "@latchkey/client";
import { QueryClient } from "@tanstack/react-query";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { auth } from "./auth.ts";

export const queryClient = new QueryClient({
  // Asking again changes nothing about a refusal.
  defaultOptions: { queries: { retry: (failures, error) => failures < 3 && !isAuthError(error) } },
});

export const trpc = createTRPCOptionsProxy({ client: auth.api, queryClient });

// What was fetched for one person must not be shown to the next.
auth.onPersonChange(() => queryClient.clear());
