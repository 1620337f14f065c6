import type { FoundMailbox, MailServer } from '@inlet/protocol/imap-api'
import { Skeleton } from '@/ui/skeleton.tsx'
import { securityNames } from './server-fields.tsx'

const whence: Record<FoundMailbox['source'], string> = {
  configured: 'Known settings of this provider.',
  known: 'Known settings of this provider.',
  mx: 'This provider handles the mail of the domain.',
  srv: 'The domain names these servers itself.',
  guess: 'These servers answered under their usual names.',
  stored: 'Connected with these settings before.',
}

/** What was found for an address. Its note is about passwords, or says that there is no way. */
export function FoundServers({ found, byPassword }: { found: FoundMailbox; byPassword: boolean }) {
  return (
    <div className="rounded-lg border border-line-strong px-4 py-3.5">
      <p className="text-base font-medium [overflow-wrap:anywhere]">{found.name}</p>
      {found.imap && (found.login !== 'oauth' || found.consent) ? (
        <>
          <p className="text-muted">{whence[found.source]}</p>
          <dl className="mt-2.5 space-y-1 border-t border-line pt-2.5 text-xs">
            <Server name="Reading" server={found.imap} />
            <Server name="Sending" server={found.smtp} />
          </dl>
        </>
      ) : null}
      {found.note && byPassword ? <p className="mt-2.5 border-t border-line pt-2.5">{found.note}</p> : null}
    </div>
  )
}

function Server({ name, server }: { name: string; server: MailServer | null }) {
  return (
    <div className="flex flex-wrap items-baseline gap-x-3">
      <dt className="w-14 shrink-0 text-faint">{name}</dt>
      <dd className="[overflow-wrap:anywhere]">
        {server ? (
          <>
            {server.host}:{server.port} <span className="text-faint">{securityNames[server.security]}</span>
          </>
        ) : (
          <span className="text-muted">no server found; mail can only be read</span>
        )}
      </dd>
    </div>
  )
}

export function ServersSkeleton() {
  return (
    <div className="rounded-lg border border-line px-4 py-4" data-testid="looking-for-servers">
      <Skeleton className="w-28" />
      <Skeleton className="mt-3 w-48" />
      <Skeleton className="mt-5 w-64 max-w-full" />
      <Skeleton className="mt-2.5 w-60 max-w-full" />
    </div>
  )
}
