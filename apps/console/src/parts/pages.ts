import { type QueryKey, type UseInfiniteQueryResult, useInfiniteQuery } from "@tanstack/react-query";

interface Cursor {
  readonly cursor?: string;
}

interface Pages<Page> {
  readonly pages: readonly Page[];
}

interface PagesOptions<Page> {
  readonly key: QueryKey;
  read(after: Cursor): Promise<Page>;
  readonly isEnabled?: boolean;
}

/** A list that the service answers page by page. While others are searched for, those that were found before stay. */
export function usePages<Page extends { readonly nextCursor: string | null }>({
  key,
  read,
  isEnabled = true,
}: PagesOptions<Page>): UseInfiniteQueryResult<Pages<Page>> {
  return useInfiniteQuery({
    queryKey: [...key, "pages"],
    queryFn: ({ pageParam }) => read(pageParam === "" ? {} : { cursor: pageParam }),
    initialPageParam: "",
    getNextPageParam: ({ nextCursor }: Page) => nextCursor ?? undefined,
    placeholderData: (before) => before,
    enabled: isEnabled,
  });
}
