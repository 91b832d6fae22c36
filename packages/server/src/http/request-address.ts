import { isIP } from "node:net";
import { toPlainAddress } from "@latchkey/auth/internal";
import { type RequestInput, readHeader } from "../trpc/context.ts";
import { createAddressReader, type TrustedProxy } from "./client-address.ts";
import { createForwardedAddressReader } from "./forwarded-address.ts";
import type { TellOperator } from "./origins.ts";
import { optionNames, type SettingNames } from "./setting-names.ts";

export interface RequestAddressOptions {
  readonly trustedProxies?: readonly TrustedProxy[] | undefined;
  readonly forwardedSecrets?: readonly string[] | undefined;
  readonly onNotice?: TellOperator | undefined;
  readonly names?: SettingNames | undefined;
}

/** The address that a call comes from; null when nothing says. */
export type ReadRequestAddress = (request: Pick<RequestInput, "headers" | "remoteAddress">) => string | null;

/** Reads where a call comes from: what a server that knows a secret names, else what trusted proxies say, else the socket's address. */
export function createRequestAddressReader({
  trustedProxies = [],
  forwardedSecrets = [],
  onNotice: tell = () => {},
  names = optionNames,
}: RequestAddressOptions): ReadRequestAddress {
  const readAddress = createAddressReader(trustedProxies);
  const onRefused = () =>
    tell(`a caller names an address without a secret of ${names.forwardedSecrets}, and is not believed`, {});
  let hasTold = false;
  function noteNone(): null {
    if (!hasTold) tell("a call comes without an address, and no limit by address counts it: pass remoteAddress", {});
    hasTold = true;
    return null;
  }
  const readForwarded = createForwardedAddressReader({ secrets: forwardedSecrets, onRefused });

  return ({ headers, remoteAddress }) => {
    const header = (name: string) => readHeader(headers, name).join(", ") || undefined;
    const forwarded = readForwarded(header);
    if (forwarded !== null) return readAddress(forwarded, undefined);
    if (!remoteAddress) return noteNone();
    // What a host calls its caller by may be no address, such as the path of a socket.
    return isIP(toPlainAddress(remoteAddress)) === 0
      ? remoteAddress
      : readAddress(remoteAddress, header("x-forwarded-for"));
  };
}
