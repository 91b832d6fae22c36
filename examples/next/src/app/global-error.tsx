"use client";

/** Shown when the service does not answer: that nobody knows who is signed in is no reason to ask for a password. */
export default function GlobalError({ reset }: { reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <main>
          <p role="alert">The service does not answer.</p>
          <button type="button" onClick={reset}>
            Try again
          </button>
        </main>
      </body>
    </html>
  );
}
