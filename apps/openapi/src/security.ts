import type { ProcedureMeta } from "@latchkey/server";
import type { Schema, Security } from "./document.ts";

export const securitySchemes: Readonly<Record<string, Schema>> = {
  bearer: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "The access token, in one `Authorization` header: `token` of the last sign-in or refresh.",
  },
  refreshCookie: cookie("latchkey_refresh", "without `PUBLIC_URL`, or where that is of plain HTTP"),
  hostRefreshCookie: cookie("__Host-latchkey_refresh", "where `PUBLIC_URL` is of HTTPS and has no path"),
  secureRefreshCookie: cookie("__Secure-latchkey_refresh", "where `PUBLIC_URL` is of HTTPS and has a path"),
};

function cookie(name: string, where: string): Schema {
  return { type: "apiKey", in: "cookie", name, description: `The refresh token in cookie mode, ${where}.` };
}

const bearer: Security = [{ bearer: [] }];

/** Which credentials a procedure takes; none is an empty list. */
export function securityOf({ access }: ProcedureMeta): Security {
  if (access === "public") return [];
  return access === "optional" ? [{}, ...bearer] : bearer;
}

/** The same in cookie mode. */
export function cookieSecurityOf(meta: ProcedureMeta): Security {
  if (meta.cookieMode?.takes !== "refreshToken") return securityOf(meta);
  return [{ hostRefreshCookie: [] }, { secureRefreshCookie: [] }, { refreshCookie: [] }];
}

/** Who may call, in words. */
export function describeAccess({ access }: ProcedureMeta): string {
  if (access === undefined) throw new Error("A procedure does not say who may call it: make it by one of the builders");
  if (typeof access === "object") return `For people who hold the permission \`${access.permission}\`.`;
  const words = {
    public: "For everybody. The `Authorization` header is not looked at.",
    protected: "For people who are signed in.",
    staff: "For staff.",
    optional: "For everybody; a token that is sent must be good.",
  };
  return words[access];
}
