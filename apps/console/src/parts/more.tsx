import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { useTexts } from "../language.tsx";
import { Button } from "./button.tsx";

interface MoreProps {
  readonly pages: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage">;
  readonly isSmall?: boolean;
}

/** Asks for the next page of a list, where there is one. */
export function More({ pages, isSmall = false }: MoreProps): ReactElement | null {
  const texts = useTexts();
  if (!pages.hasNextPage) return null;
  return (
    <Button isSmall={isSmall} isPending={pages.isFetchingNextPage} onPress={() => void pages.fetchNextPage()}>
      {texts.more}
    </Button>
  );
}
