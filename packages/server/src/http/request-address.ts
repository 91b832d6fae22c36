import { isIP } from "node:net";
import { toPlainAddress } from "@latchkey/auth/internal";
import { joinHeader, type RequestInput } from "../trpc/context.ts";
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

/** Calls without an address of which nothing is told: a socket has none once its caller has hung up. */
const fewest = 10;

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
  let [calls, without, hasTold] = [0, 0, false];
  function noteNone(): null {
    without += 1;
    if (!hasTold && without >= fewest && without * 10 >= calls) {
      hasTold = true;
      tell("calls come without an address, and no limit by address counts them: pass remoteAddress", {});
    }
    return null;
  }
  const readForwarded = createForwardedAddressReader({ secrets: forwardedSecrets, onRefused });

  return ({ headers, remoteAddress }) => {
    calls += 1;
    const header = (name: string) => joinHeader(headers, name) || undefined;
    const forwarded = readForwarded(header);
    if (forwarded !== null) return readAddress(forwarded, undefined);
    if (!remoteAddress) return noteNone();
    // What a host calls its caller by may be no address, such as the path of a socket.
    return isIP(toPlainAddress(remoteAddress)) === 0
      ? remoteAddress
      : readAddress(remoteAddress, header("x-forwarded-for"));
  };
}
