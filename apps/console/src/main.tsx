import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startTheme } from "./frame/theme.ts";
import { LanguageProvider, startLanguage } from "./language.tsx";
import { router } from "./router.tsx";
import { queryClient } from "./service.ts";
import "./style.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

startTheme();
await startLanguage();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <LanguageProvider>
        <RouterProvider router={router} />
      </LanguageProvider>
    </QueryClientProvider>
  </StrictMode>,
);
