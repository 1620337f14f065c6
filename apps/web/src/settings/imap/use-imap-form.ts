import {
  type ConfiguredMailbox,
  type FoundMailbox,
  ImapConnectResponse,
  type ImapSettingsRequest,
  ImapSettingsResponse,
} from '@inlet/protocol/imap-api'
import { useEffect, useRef, useState } from 'react'
import type * as z from 'zod'
import { postJson } from '../api.ts'
import { type Draft, emptyDraft, fromFound, toRequest, wayAt } from './draft.ts'
import { type Place, type Problem, problemOf } from './problem.ts'

/** `address` asks whose mailbox it is, `found` shows what was found for it, `manual` has everything to type. */
export type Step = 'address' | 'found' | 'manual'

/** What is being waited for. */
export type Busy = 'looking' | 'signing-in' | null

const domainOf = (email: string) => email.slice(email.lastIndexOf('@') + 1).trim()

/** Fields that are seen at a step; a problem of another one needs the step that has them all. */
const SEEN: Record<Step, (at: Place) => boolean> = {
  address: at => at === 'email',
  found: at => at === 'password' || at === 'displayName',
  manual: at => at !== 'email',
}

type ConsentPage = NonNullable<FoundMailbox['consent']>

/** As addresses name it. */
const keyOf = ({ id }: ConsentPage) => `imap-${id}`
const addressOf = (page: ConsentPage, { email, displayName }: Draft) =>
  `/api/accounts/connect/${keyOf(page)}?${new URLSearchParams({ email, name: displayName.trim() })}`

/**
 * The state of the form, and what its buttons do. `email` is an address that is to be connected again, `back` why
 * somebody came back without a mailbox from the consent page `from`, `configured` what has one.
 */
export function useImapForm({
  email,
  name,
  back,
  from,
  configured,
}: {
  email: string
  name: string
  back: string | null
  from: string | null
  configured: readonly ConfiguredMailbox[]
}) {
  const [step, setStep] = useState<Step>('address')
  const [busy, setBusy] = useState<Busy>(email ? 'looking' : null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [found, setFound] = useState<FoundMailbox[]>([])
  /** Why there is everything to type. */
  const [notice, setNotice] = useState<string | null>(null)
  const [draft, setDraft] = useState<Draft>(() => emptyDraft(email, name))
  const [whyBack, setWhyBack] = useState(back)
  /** The consent page instead of which a password is typed. */
  const [declined, setDeclined] = useState<string | null>(null)
  const running = useRef<AbortController | null>(null)

  const change = (patch: Partial<Draft>) => setDraft(before => ({ ...before, ...patch }))
  const begin = () => {
    running.current?.abort()
    running.current = new AbortController()
    setProblem(null)
    return running.current.signal
  }

  const look = async (before: Draft) => {
    const signal = begin()
    setBusy('looking')
    const asked: z.input<typeof ImapSettingsRequest> = { email: before.email.trim() }
    try {
      const { settings } = await postJson('/api/accounts/imap/settings', asked, ImapSettingsResponse, signal)
      if (signal.aborted) return
      // Whoever typed the server and comes back from its consent page finds it typed.
      const cameFrom = ({ consent }: FoundMailbox) => consent !== null && keyOf(consent) === from
      const typed =
        asked.email === email && !settings.some(cameFrom)
          ? configured.find(({ way }) => cameFrom(way))?.way
          : undefined
      const first = typed ? undefined : settings[0]
      const known = first ?? typed
      const next = { ...before, ...asked }
      setFound(settings)
      setDeclined(null)
      setDraft({ ...(known ? fromFound(next, known) : next), user: first?.user ?? asked.email })
      // Of a mailbox that is connected again the name stays.
      if (first?.source === 'stored') change({ displayName: '' })
      setNotice(
        known
          ? null
          : `No mail server answered for ${domainOf(asked.email)}. Its provider’s help pages name the settings; enter them here.`,
      )
      setStep(first ? 'found' : 'manual')
    } catch (error) {
      if (!signal.aborted) setProblem(problemOf(error))
    } finally {
      if (!signal.aborted) setBusy(null)
    }
  }

  const connect = async () => {
    const signal = begin()
    setBusy('signing-in')
    try {
      const { email } = await postJson('/api/accounts/imap', toRequest(draft), ImapConnectResponse, signal)
      // A whole load, as after a consent page: the inbox says that it is connected.
      window.location.assign(`/?connected=${encodeURIComponent(email)}`)
    } catch (error) {
      if (signal.aborted) return
      const seen = problemOf(error)
      setBusy(null)
      setProblem(seen)
      if (seen.at === 'email') setStep('address')
      else if (seen.at && !SEEN[step](seen.at)) setStep('manual')
    }
  }

  const chosen = found.find(each => isIn(draft, each)) ?? found[0]
  const way = { address: undefined, found: chosen, manual: wayAt(draft.imap, configured) }[step]
  const consent = way?.consent ?? null

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, for the address that the page was opened with.
  useEffect(() => {
    if (email) void look(draft)
    return () => running.current?.abort()
  }, [])

  return {
    step,
    busy,
    problem,
    /** The problem where it is not said at a field. */
    elsewhere: problem ? (problem.at && SEEN[step](problem.at) ? null : problem.message) : whyBack,
    found,
    chosen,
    /** Into what was found, or into the server that is typed where that has a consent page. */
    way,
    /** Whose consent page leads into the mailbox. */
    consent,
    byPassword: consent === null || consent.id === declined,
    declined,
    notice,
    draft,
    domain: domainOf(draft.email),
    change,
    choose: (one: FoundMailbox) => setDraft(before => fromFound(before, one)),
    look() {
      setWhyBack(null)
      return look(draft)
    },
    connect() {
      setWhyBack(null)
      return connect()
    },
    /** To the consent page. */
    leave: () => consent && window.location.assign(addressOf(consent, draft)),
    usePassword() {
      setDeclined(consent?.id ?? null)
      // Of a server that was typed the rest is known, too.
      if (step === 'manual' && way) setDraft(before => ({ ...fromFound(before, way), user: before.user }))
    },
    typeAll() {
      begin()
      setBusy(null)
      setNotice(null)
      setDraft(before => ({ ...before, user: before.user || before.email }))
      setStep('manual')
    },
    otherAddress() {
      begin()
      setWhyBack(null)
      setBusy(null)
      setStep('address')
    },
  }
}

const isIn = ({ imap }: Draft, found: FoundMailbox) =>
  found.imap?.host === imap.host && String(found.imap.port) === imap.port
