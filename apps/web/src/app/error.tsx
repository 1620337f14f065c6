'use client'

import { Button, buttonClass } from '@/ui/button.tsx'

export default function ErrorPage({
  error,
  reset,
}: {
  error: Error & { digest?: string }
  reset: () => void
}) {
  return (
    <main className="flex h-dvh flex-col items-center justify-center gap-1 px-6 text-center">
      <h1 className="text-base font-semibold">This page stopped working</h1>
      <p className="max-w-80 text-muted">
        Your mail is not affected. Try again; if it happens once more, reload the page.
      </p>
      {error.digest ? <p className="mt-1 font-mono text-2xs text-faint">Reference {error.digest}</p> : null}
      <div className="mt-5 flex gap-2">
        <Button kind="primary" onClick={reset}>
          Try again
        </Button>
        <a href="/" className={buttonClass()}>
          Go to the inbox
        </a>
      </div>
    </main>
  )
}
