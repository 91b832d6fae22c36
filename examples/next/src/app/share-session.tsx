"use client";

import { useRouter } from "next/navigation";
import { useEffect } from "react";

/** Lets all tabs of the site render anew when somebody has signed in or out in one. */
export function ShareSession({ userId }: { userId: string | null }) {
  const router = useRouter();
  useEffect(() => {
    const channel = new BroadcastChannel("session");
    channel.onmessage = ({ data }) => {
      if (data !== userId) router.refresh();
    };
    channel.postMessage(userId);
    return () => channel.close();
  }, [userId, router]);
  return null;
}
