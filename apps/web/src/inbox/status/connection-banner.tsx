'use client'

import { useEmailUpdates } from '@inlet/client/react'
import { sameValue } from '@inlet/client/store'
import { CloudOff, Info, TriangleAlert } from 'lucide-react'
import { cx } from '@/ui/cx.ts'
import { useNow } from '@/ui/use-now.ts'
import { connectionNotice } from './connection-text.ts'

const tones = {
  warn: 'bg-warn-wash text-warn-text',
  bad: 'bg-bad-wash text-bad-text',
  info: 'bg-accent-wash text-text',
} as const

/** Always in the page, so that screen readers hear it change; hidden while there is nothing to say. */
export function ConnectionBanner() {
  const now = useNow('halfMinute')
  const { phase, notice } = useEmailUpdates(
    state => ({ phase: state.phase, notice: connectionNotice(state, now) }),
    sameValue,
  )
  const Icon = phase === 'offline' ? CloudOff : notice?.tone === 'info' ? Info : TriangleAlert
  return (
    <div
      role="status"
      data-testid="connection-banner"
      data-phase={phase}
      hidden={!notice}
      className={cx(
        'items-center gap-2 border-b border-line px-4 py-2 text-xs',
        notice ? `flex animate-fade-in ${tones[notice.tone]}` : 'hidden',
      )}
    >
      {notice ? (
        <>
          <Icon className="size-4 shrink-0" strokeWidth={1.75} aria-hidden />
          <span>{notice.text}</span>
          {notice.action === 'sign_in' ? (
            <a href="/sign-in" className="ml-auto font-medium underline underline-offset-2">
              Sign in
            </a>
          ) : null}
        </>
      ) : null}
    </div>
  )
}
