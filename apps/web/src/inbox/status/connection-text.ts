import type { LossReason, MirrorState } from '@inlet/client/mirror-state'
import { clock, count, span } from '../../ui/format.ts'

const losses: Record<LossReason, (at: string) => string> = {
  ended: at => `the live stream ended at ${at}`,
  network: at => `the live stream is down since ${at}`,
  silent: at => `the live stream has been silent since ${at}`,
  rate_limited: at => `the server asked us to slow down at ${at}`,
  server_error: at => `the live stream has failed at the server since ${at}`,
  refused: at => `the live stream has been refused since ${at}`,
  malformed: at => `the live stream has not been readable since ${at}`,
  timeout: at => `the live stream has not answered since ${at}`,
  storage: at => `this browser could not store what came at ${at}`,
}

export type Tone = 'warn' | 'bad' | 'info'
export interface ConnectionNotice {
  tone: Tone
  text: string
  action: 'sign_in' | null
}

/** What the banner says; null while there is nothing to say. */
export function connectionNotice(state: MirrorState, now: number): ConnectionNotice | null {
  switch (state.phase) {
    case 'starting':
    case 'connecting':
    case 'live':
      return null
    case 'polling': {
      const pace = state.pollEveryMs === null ? 'Polling' : `Polling every ${span(state.pollEveryMs)}`
      const cause = losses[state.reason ?? 'network'](clock(state.since, now))
      return {
        tone: 'warn',
        text: `${pace}: ${cause}. Retrying.`,
        action: null,
      }
    }
    case 'resyncing': {
      const { done, total } = state.fill
      const part = total === null ? '' : ` ${count(done)} of ${count(total)}.`
      return {
        tone: 'info',
        text: `This browser was away for too long to catch up, so its copy is being filled again.${part}`,
        action: null,
      }
    }
    case 'offline':
      return {
        tone: 'warn',
        text: 'You are offline. Changes are kept and sent when you are back.',
        action: null,
      }
    case 'superseded':
      return {
        tone: 'info',
        text: 'Inlet is open in several other places, so this one checks only now and then.',
        action: null,
      }
    case 'signed_out':
      return { tone: 'bad', text: 'You are signed out. Sign in to see new mail.', action: 'sign_in' }
  }
}

export const phaseName: Record<MirrorState['phase'], string> = {
  starting: 'Starting',
  connecting: 'Connecting',
  live: 'Live',
  polling: 'Polling',
  resyncing: 'Refilling',
  offline: 'Offline',
  superseded: 'Paused',
  signed_out: 'Signed out',
}

/** For the tooltip of the stream's badge: is it live, and is anything missing. */
export function connectionDetails(state: MirrorState, now: number): string {
  const notice = connectionNotice(state, now)
  if (notice) return notice.text
  if (state.phase !== 'live') return 'Opening the live stream.'
  const heard =
    state.lastEventAt === null ? '' : ` Heard from the server ${span(now - state.lastEventAt)} ago.`
  const missing =
    state.cursor !== null && state.cursor >= state.head ? ' Nothing is missing.' : ' Catching up.'
  return `Live since ${clock(state.since, now)}.${heard}${missing}`
}
