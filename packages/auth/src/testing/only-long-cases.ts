import { beforeEach } from "vitest";

// For the files of the ordinary run that the long one loads for some of their cases.
beforeEach(({ task, skip }) => {
  if (!task.tags?.includes("long")) skip("the ordinary run tries it");
});
