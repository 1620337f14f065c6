import type { MailSecurity } from '@inlet/protocol/imap-api'
import type { ReactNode } from 'react'
import { Field, FieldError, inputClass, invalid } from '@/ui/field.tsx'
import { type Protocol, type ServerDraft, withSecurity } from './draft.ts'
import type { Problem } from './problem.ts'

export const securityNames: Record<MailSecurity, string> = {
  tls: 'TLS',
  starttls: 'STARTTLS',
  none: 'Not encrypted',
}

/** Host, port and security of one server. What is wrong with any of them is said below all three. */
export function ServerFields({
  protocol,
  legend,
  server,
  plain,
  problem,
  onChange,
  children,
}: {
  protocol: Protocol
  legend: string
  server: ServerDraft
  /** Whether an unencrypted connection may be chosen. */
  plain: boolean
  problem: Problem | null
  onChange(server: ServerDraft): void
  /** Stands above the fields; where it is given and there are none, `server` does not count. */
  children?: ReactNode
}) {
  const group = `${protocol}-server`
  const mine = problem?.at?.startsWith(`${protocol}.`) ? problem : null
  const wrong = (part: string) => (mine?.at === `${protocol}.${part}` ? invalid(group, mine.message) : {})
  const kinds: MailSecurity[] =
    plain || server.security === 'none' ? ['tls', 'starttls', 'none'] : ['tls', 'starttls']
  return (
    <fieldset>
      <legend className="mb-2 font-semibold">{legend}</legend>
      {children}
      <div className="grid grid-cols-[1fr_1.4fr] gap-3 sm:grid-cols-[1fr_5.5rem_9rem]">
        <Field id={`${protocol}-host`} label="Server" className="col-span-2 sm:col-span-1">
          <input
            id={`${protocol}-host`}
            data-place={`${protocol}.host`}
            value={server.host}
            onChange={event => onChange({ ...server, host: event.target.value })}
            placeholder={`${protocol}.example.org`}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            required
            maxLength={253}
            className={inputClass}
            {...wrong('host')}
          />
        </Field>
        <Field id={`${protocol}-port`} label="Port">
          <input
            id={`${protocol}-port`}
            data-place={`${protocol}.port`}
            value={server.port}
            onChange={event => onChange({ ...server, port: event.target.value })}
            inputMode="numeric"
            autoComplete="off"
            required
            maxLength={5}
            className={inputClass}
            {...wrong('port')}
          />
        </Field>
        <Field id={`${protocol}-security`} label="Security">
          <select
            id={`${protocol}-security`}
            data-place={`${protocol}.security`}
            value={server.security}
            onChange={event => {
              const security = kinds.find(kind => kind === event.target.value) ?? 'tls'
              onChange(withSecurity(server, protocol, security))
            }}
            className={inputClass}
            {...wrong('security')}
          >
            {kinds.map(kind => (
              <option key={kind} value={kind}>
                {securityNames[kind]}
              </option>
            ))}
          </select>
        </Field>
      </div>
      {mine ? <FieldError id={group}>{mine.message}</FieldError> : null}
    </fieldset>
  )
}
