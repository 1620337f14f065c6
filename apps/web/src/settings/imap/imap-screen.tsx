'use client'

import type { FoundMailbox } from '@inlet/protocol/imap-api'
import { type FormEvent, useEffect, useRef } from 'react'
import { Button, buttonClass } from '@/ui/button.tsx'
import { Field, inputClass, invalid } from '@/ui/field.tsx'
import { type Connectable, choices } from '../connect-text.ts'
import { PageFrame } from '../page-frame.tsx'
import { ProblemNote } from '../problem-note.tsx'
import { FoundServers, ServersSkeleton } from './found-servers.tsx'
import { ServerFields } from './server-fields.tsx'
import { useImapForm } from './use-imap-form.ts'

/** Connects any mailbox by address and password. `email` fills the address in, to connect it again. */
export function ImapScreen({
  email,
  name,
  offered,
  plain,
}: {
  email: string
  /** Of the person, as recipients will see it. */
  name: string
  offered: readonly Connectable[]
  /** Whether an unencrypted connection may be chosen. */
  plain: boolean
}) {
  const form = useImapForm(email, name)
  const { step, busy, problem, elsewhere, draft, found } = form
  const chosen = found.find(each => isIn(draft, each)) ?? found[0]
  const ref = useFocus(step, problem)
  const at = (place: string) => (problem?.at === place ? problem.message : null)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (busy === null) void (step === 'address' ? form.look() : form.connect())
  }
  const noWay = step === 'found' && chosen && (chosen.imap === null || chosen.login === 'oauth')

  return (
    <PageFrame title="Connect a mailbox by IMAP" back={{ href: '/connect', name: 'Connect an account' }}>
      <p className="mt-1 max-w-prose text-base text-muted">
        Inlet signs in to the mail server as any mail program does. Your password is encrypted, and used for
        nothing else.
      </p>
      {elsewhere ? <ProblemNote className="mt-5 max-w-lg">{elsewhere.message}</ProblemNote> : null}
      <form ref={ref} onSubmit={submit} className="mt-6 max-w-lg space-y-5" aria-busy={busy !== null}>
        {step === 'address' ? (
          <Field id="email" label="Email address" error={at('email')}>
            <input
              id="email"
              data-place="email"
              type="email"
              value={draft.email}
              onChange={event => form.change({ email: event.target.value })}
              autoComplete="email"
              placeholder="you@example.org"
              required
              maxLength={320}
              readOnly={busy !== null}
              className={inputClass}
              {...invalid('email', at('email'))}
            />
          </Field>
        ) : (
          <div className="flex items-baseline justify-between gap-3">
            <p className="min-w-0 text-base font-medium [overflow-wrap:anywhere]">{draft.email}</p>
            <Link onClick={form.otherAddress}>Other address</Link>
          </div>
        )}
        <p role="status" className={busy === 'looking' ? 'text-muted' : 'sr-only'}>
          {busy === 'looking' ? `Looking for the servers of ${form.domain}…` : null}
          {busy === 'signing-in' ? 'Signing in…' : null}
        </p>
        {busy === 'looking' ? <ServersSkeleton /> : null}

        {step === 'found' ? (
          <>
            {found.length > 1 ? (
              <fieldset className="space-y-2">
                <legend className="mb-2 text-xs font-medium">Which of these is it?</legend>
                {found.map(each => (
                  <label
                    key={`${each.source} ${each.imap?.host}`}
                    className="flex items-center gap-2.5 [overflow-wrap:anywhere]"
                  >
                    <input
                      type="radio"
                      name="found"
                      checked={each === chosen}
                      onChange={() => form.choose(each)}
                      className="accent-accent"
                    />
                    {each.name}
                    <span className="text-faint">{each.imap?.host}</span>
                  </label>
                ))}
              </fieldset>
            ) : null}
            {chosen ? <FoundServers found={chosen} /> : null}
          </>
        ) : null}

        {step === 'manual' ? (
          <>
            {form.notice ? <p className="text-muted">{form.notice}</p> : null}
            <Field id="user" label="User name" hint="Often the whole address" error={at('user')}>
              <input
                id="user"
                data-place="user"
                value={draft.user}
                onChange={event => form.change({ user: event.target.value })}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                required
                maxLength={320}
                className={inputClass}
                {...invalid('user', at('user'))}
              />
            </Field>
          </>
        ) : null}

        {step === 'address' || noWay ? null : (
          <Field
            id="password"
            label={step === 'found' && chosen?.login === 'app_password' ? 'App password' : 'Password'}
            hint={step === 'manual' ? 'Many providers want an app password' : undefined}
            error={at('password')}
          >
            <input
              id="password"
              data-place="password"
              type="password"
              value={draft.password}
              onChange={event => form.change({ password: event.target.value })}
              autoComplete="off"
              required
              maxLength={1_024}
              className={inputClass}
              {...invalid('password', at('password'))}
            />
          </Field>
        )}

        {step === 'manual' ? (
          <>
            <ServerFields
              protocol="imap"
              legend="Reading (IMAP)"
              server={draft.imap}
              plain={plain}
              problem={problem}
              onChange={imap => form.change({ imap })}
            />
            <SendingFields form={form} plain={plain} />
          </>
        ) : null}

        {step === 'address' || noWay ? null : (
          <Field
            id="display-name"
            label="Your name"
            hint={chosen?.source === 'stored' ? 'Empty: stays as it is' : 'As recipients see it'}
            error={at('displayName')}
          >
            <input
              id="display-name"
              data-place="displayName"
              value={draft.displayName}
              onChange={event => form.change({ displayName: event.target.value })}
              autoComplete="name"
              maxLength={200}
              className={inputClass}
              {...invalid('display-name', at('displayName'))}
            />
          </Field>
        )}

        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          {step === 'found' && chosen ? (
            <ByConsent found={chosen} email={draft.email} offered={offered} />
          ) : null}
          {noWay ? null : (
            <Button type="submit" kind="primary" size="lg" disabled={busy !== null}>
              {step === 'address' ? 'Continue' : busy === 'signing-in' ? 'Signing in…' : 'Connect'}
            </Button>
          )}
          {step === 'manual' || (step === 'address' && !draft.email.includes('@')) ? null : (
            <Button kind="quiet" size="lg" disabled={busy === 'signing-in'} onClick={form.typeAll}>
              Enter settings yourself
            </Button>
          )}
        </div>
      </form>
    </PageFrame>
  )
}

function SendingFields({ form, plain }: { form: ReturnType<typeof useImapForm>; plain: boolean }) {
  const { draft, problem } = form
  const sends = (
    <label className="mb-3 flex w-fit items-center gap-2.5">
      <input
        type="checkbox"
        checked={draft.sends}
        onChange={event => form.change({ sends: event.target.checked })}
        className="accent-accent"
      />
      Send mail from this address, too
    </label>
  )
  if (!draft.sends)
    return (
      <fieldset>
        <legend className="mb-2 font-semibold">Sending (SMTP)</legend>
        {sends}
      </fieldset>
    )
  return (
    <ServerFields
      protocol="smtp"
      legend="Sending (SMTP)"
      server={draft.smtp}
      plain={plain}
      problem={problem}
      onChange={smtp => form.change({ smtp })}
    >
      {sends}
    </ServerFields>
  )
}

/** The way by consent, for mailboxes that take no passwords or are better off without one. */
function ByConsent({
  found,
  email,
  offered,
}: {
  found: FoundMailbox
  email: string
  offered: readonly Connectable[]
}) {
  const provider = found.name === 'Gmail' ? 'gmail' : found.login === 'oauth' ? 'graph' : null
  if (!provider || !offered.includes(provider)) return null
  return (
    <a
      href={`${choices[provider].href}?email=${encodeURIComponent(email)}`}
      className={buttonClass({ kind: found.login === 'oauth' ? 'primary' : 'plain', size: 'lg' })}
    >
      Connect as {provider === 'gmail' ? 'a Gmail' : 'an Outlook'} account
    </a>
  )
}

function Link({ onClick, children }: { onClick(): void; children: string }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="shrink-0 text-accent underline-offset-2 hover:underline"
    >
      {children}
    </button>
  )
}

const isIn = (draft: { imap: { host: string; port: string } }, { imap }: FoundMailbox) =>
  imap?.host === draft.imap.host && String(imap.port) === draft.imap.port

/** Whoever types is led to the field that is wrong, and at a new step to the first one to fill in. */
function useFocus(step: string, problem: { at: string | null } | null) {
  const ref = useRef<HTMLFormElement>(null)
  useEffect(() => {
    const place = problem?.at
    const wrong = place && ref.current?.querySelector<HTMLElement>(`[data-place="${place}"]`)
    const empty = ref.current?.querySelector<HTMLElement>('input[required][value=""]')
    const first = wrong || (problem ? null : empty)
    if (step !== 'address' || wrong) first?.focus()
  }, [step, problem])
  return ref
}
