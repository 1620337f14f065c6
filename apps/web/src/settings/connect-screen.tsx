import { ArrowRight, Mail, TriangleAlert } from 'lucide-react'
import { PageFrame } from './page-frame.tsx'

const problems: Record<string, string> = {
  access_denied: 'Access was not granted, so nothing was connected. You can try again at any time.',
  state_mismatch:
    'The answer from Google did not belong to this browser, or came after more than 15 minutes. Please start again.',
  exchange_failed: 'Google did not complete the connection. Wait a moment and try again.',
  scope_missing:
    'Some of the permissions were left unticked. Inlet needs all of them to keep your mail live; please tick every box.',
}

export function ConnectScreen({ error }: { error: string | null }) {
  return (
    <PageFrame title="Connect an account">
      <p className="mt-1 max-w-prose text-base text-muted">
        Inlet copies your mail, newest first, and keeps it live from then on. You can read while the rest is
        copied.
      </p>
      {error ? (
        <p
          role="alert"
          className="mt-5 flex items-start gap-2.5 rounded-md bg-bad-wash px-3 py-2.5 text-bad-text"
        >
          <TriangleAlert className="mt-px size-4 shrink-0" strokeWidth={1.75} aria-hidden />
          {problems[error] ?? 'The account could not be connected. Please try again.'}
        </p>
      ) : null}
      <a
        href="/api/accounts/connect/gmail"
        className="group mt-6 flex items-center gap-4 rounded-lg border border-line-strong px-4 py-3.5 hover:border-accent hover:bg-hover"
      >
        <Mail className="size-5 text-muted" strokeWidth={1.5} aria-hidden />
        <span className="flex-1">
          <span className="block text-base font-medium">Gmail</span>
          <span className="block text-muted">Google asks for your consent on its own page.</span>
        </span>
        <ArrowRight className="size-4 text-faint group-hover:text-accent" aria-hidden />
      </a>
      <ul className="mt-6 space-y-1.5 text-xs text-faint">
        <li>Access tokens are encrypted, and your password is never seen.</li>
        <li>Disconnecting in settings deletes the copy and gives the access back.</li>
      </ul>
    </PageFrame>
  )
}
