import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useTexts } from "../language.tsx";
import { Button } from "./button.tsx";
import { Fault } from "./state.tsx";

interface MoreProps {
  readonly pages: Pick<
    UseInfiniteQueryResult,
    "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "error" | "fetchNextPage"
  >;
  readonly isSmall?: boolean;
}

/** Asks for the next page of a list, where there is one, and says so where it did not come. */
export function More({ pages, isSmall = false }: MoreProps): ReactElement | null {
  const texts = useTexts();
  if (!pages.hasNextPage) return null;
  if (pages.isFetchNextPageError) return <Fault error={pages.error} onRetry={() => void pages.fetchNextPage()} />;
  return (
    <Button isSmall={isSmall} isPending={pages.isFetchingNextPage} onPress={() => void pages.fetchNextPage()}>
      {texts.more}
    </Button>
  );
}
