'use client'

import type { ConfiguredMailbox } from '@inlet/protocol/imap-api'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { Button } from '@/ui/button.tsx'
import { Field, inputClass, invalid } from '@/ui/field.tsx'
import type { Connectable } from '../connect-text.ts'
import { PageFrame } from '../page-frame.tsx'
import { ProblemNote } from '../problem-note.tsx'
import { AsAccount } from './as-account.tsx'
import { FoundServers, ServersSkeleton } from './found-servers.tsx'
import { SendingFields } from './sending-fields.tsx'
import { ServerFields } from './server-fields.tsx'
import { useImapForm } from './use-imap-form.ts'

/**
 * Connects any mailbox by address and password, or on its provider's consent page. `email` fills the address in, to
 * connect it again; `back` is why somebody came back without it from the consent page `from`.
 */
export function ImapScreen({
  email,
  name,
  offered,
  plain,
  configured,
  back = null,
  from = null,
}: {
  email: string
  /** Of the person, as recipients will see it. */
  name: string
  offered: readonly Connectable[]
  /** Whether an unencrypted connection may be chosen. */
  plain: boolean
  /** The ways by consent, for whoever types the server of one. */
  configured: readonly ConfiguredMailbox[]
  back?: string | null
  from?: string | null
}) {
  const form = useImapForm({ email, name, back, from, configured })
  const { step, busy, problem, elsewhere, draft, found, chosen, way, consent, byPassword } = form
  // A way that shows up while its server is typed does not lead anybody away from there.
  const ref = useFocus(`${step} ${form.declined}`, problem)
  const [alive, setAlive] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: once; what was typed before the page came alive is taken over.
  useEffect(() => {
    const typed = ref.current?.querySelector<HTMLInputElement>('#email')?.value
    if (typed) form.change({ email: typed })
    setAlive(true)
  }, [])
  const at = (place: string) => (problem?.at === place ? problem.message : null)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (busy !== null) return
    if (step === 'address') void form.look()
    else if (byPassword) void form.connect()
    else form.leave()
  }
  const noPassword = way?.imap === null || way?.login === 'oauth'
  const noWay = noPassword && consent === null

  return (
    <PageFrame title="Connect a mailbox by IMAP" back={{ href: '/connect', name: 'Connect an account' }}>
      <p className="mt-1 max-w-prose text-base text-muted">
        Inlet signs in to the mail server as any mail program does. What it signs in with is encrypted, and
        used for nothing else.
      </p>
      {elsewhere ? <ProblemNote className="mt-5 max-w-lg">{elsewhere}</ProblemNote> : null}
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
            {chosen ? <FoundServers found={chosen} byPassword={byPassword} /> : null}
          </>
        ) : null}

        {step === 'manual' ? (
          <>
            {form.notice ? <p className="text-muted">{form.notice}</p> : null}
            <ServerFields
              protocol="imap"
              legend="Reading (IMAP)"
              server={draft.imap}
              plain={plain}
              problem={problem}
              onChange={imap => form.change({ imap })}
            />
            {way && !byPassword ? <FoundServers found={way} byPassword={false} /> : null}
          </>
        ) : null}

        {step === 'manual' && byPassword ? (
          <>
            <SendingFields form={form} plain={plain} />
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

        {step === 'address' || noWay || !byPassword ? null : (
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

        {consent && !byPassword ? (
          <p className="text-muted">
            {consent.name} asks for your consent on its own page, and Inlet never sees your password.
          </p>
        ) : null}
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          {step === 'found' && chosen && !consent ? (
            <AsAccount found={chosen} email={draft.email} offered={offered} />
          ) : null}
          {noWay ? null : (
            <Button type="submit" kind="primary" size="lg" disabled={!alive || busy !== null} data-way>
              {step === 'address'
                ? 'Continue'
                : consent && !byPassword
                  ? `Continue with ${consent.name}`
                  : busy === 'signing-in'
                    ? 'Signing in…'
                    : 'Connect'}
            </Button>
          )}
          {consent && !byPassword && !noPassword ? (
            <Button size="lg" onClick={form.usePassword}>
              {chosen?.login === 'app_password' ? 'Use an app password' : 'Use a password'}
            </Button>
          ) : null}
          {step === 'manual' || !byPassword || (step === 'address' && !draft.email.includes('@')) ? null : (
            <Button kind="quiet" size="lg" disabled={busy === 'signing-in'} onClick={form.typeAll}>
              Enter settings yourself
            </Button>
          )}
        </div>
        {consent && byPassword ? (
          <Link onClick={form.leave}>{`Continue with ${consent.name} instead`}</Link>
        ) : null}
      </form>
    </PageFrame>
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

/** Whoever types is led to the field that is wrong, and at a new step to the first one to fill in. */
function useFocus(stage: string, problem: { at: string | null } | null) {
  const ref = useRef<HTMLFormElement>(null)
  useEffect(() => {
    const place = problem?.at
    const wrong = place && ref.current?.querySelector<HTMLElement>(`[data-place="${place}"]`)
    const empty = ref.current?.querySelector<HTMLElement>('input[required][value=""]')
    const way = ref.current?.querySelector<HTMLElement>('[data-way]')
    const first = wrong || (problem ? null : (empty ?? way))
    if (!stage.startsWith('address') || wrong) first?.focus()
  }, [stage, problem])
  return ref
}
