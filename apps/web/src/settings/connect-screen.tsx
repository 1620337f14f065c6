import { ArrowRight, Mail } from 'lucide-react'
import { type Connectable, choices, problemText } from './connect-text.ts'
import { PageFrame } from './page-frame.tsx'
import { ProblemNote } from './problem-note.tsx'

export function ConnectScreen({
  offered,
  problem,
}: {
  offered: readonly Connectable[]
  problem: { error: string; provider: string } | null
}) {
  return (
    <PageFrame title="Connect an account">
      <p className="mt-1 max-w-prose text-base text-muted">
        Inlet copies your mail, newest first, and keeps it live from then on. You can read while the rest is
        copied.
      </p>
      {problem ? (
        <ProblemNote className="mt-5">{problemText(problem.error, problem.provider)}</ProblemNote>
      ) : null}
      <div className="mt-6 space-y-3">
        {offered.map(provider => (
          <a
            key={provider}
            href={choices[provider].href}
            className="group flex items-center gap-4 rounded-lg border border-line-strong px-4 py-3.5 hover:border-accent hover:bg-hover"
          >
            <Mail className="size-5 shrink-0 text-muted" strokeWidth={1.5} aria-hidden />
            <span className="flex-1">
              <span className="block text-base font-medium">{choices[provider].name}</span>
              <span className="block text-muted">{choices[provider].about}</span>
            </span>
            <ArrowRight className="size-4 shrink-0 text-faint group-hover:text-accent" aria-hidden />
          </a>
        ))}
        {offered.length === 0 ? (
          <p className="text-muted">
            No provider is configured on this server yet. Whoever runs it sets the credentials.
          </p>
        ) : null}
      </div>
      <ul className="mt-6 space-y-1.5 text-xs text-faint">
        <li>Access tokens and passwords are encrypted. With Gmail and Outlook we never see your password.</li>
        <li>Disconnecting in settings deletes the copy and ends our access.</li>
      </ul>
    </PageFrame>
  )
}
