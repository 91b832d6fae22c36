import { useQuery } from "@tanstack/react-query";
import { queryClient, trpc } from "../service.ts";
import { useMay } from "../session.tsx";
import type { Group } from "./group-window.tsx";

/** The first hundred groups, by name, and what was asked for them: none until they are read, and for somebody who may not see them. */
export function useGroups() {
  const mayGroups = useMay("auth.view_group");
  const query = useQuery({ ...trpc.groups.list.queryOptions({ limit: 100 }), enabled: mayGroups });
  const groups: readonly Group[] = query.data?.groups ?? [];
  return { groups, query };
}

/** Reads anew whatever is shown of groups, after one was changed. */
export const refreshGroups = (): Promise<void> => queryClient.invalidateQueries({ queryKey: trpc.groups.pathKey() });
