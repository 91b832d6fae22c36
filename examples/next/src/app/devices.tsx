"use client";

import { useRouter } from "next/navigation";
import { useCallback, useEffect, useState } from "react";
import type { Device } from "./api/devices/route.ts";

/** Where the person is signed in, by the route handler. */
export function Devices() {
  const router = useRouter();
  const [devices, setDevices] = useState<readonly Device[]>([]);
  const [isAway, setAway] = useState(false);

  const ask = useCallback(
    async (request?: RequestInit) => {
      const response = await fetch("/api/devices", request).catch(() => null);
      if (response?.ok) setDevices(await response.json());
      else if (response?.status === 401) router.refresh();
      setAway(!response || response.status >= 500);
    },
    [router],
  );
  useEffect(() => void ask(), [ask]);

  return (
    <section aria-labelledby="devices">
      <h2 id="devices">Your devices</h2>
      <ul>
        {devices.map(({ id, device, current }) => (
          <li key={id}>
            <span>{device ?? "Unknown device"}</span>
            {current ? (
              <small>This device</small>
            ) : (
              <button type="button" onClick={() => ask({ method: "DELETE", body: JSON.stringify({ id }) })}>
                End
              </button>
            )}
          </li>
        ))}
      </ul>
      {isAway && (
        <p role="alert">
          The service does not answer.{" "}
          <button type="button" onClick={() => ask()}>
            Try again
          </button>
        </p>
      )}
    </section>
  );
}
