'use client'

import type { Account } from '@inlet/protocol/entities'
import { ago, clock } from '@/ui/format.ts'
import { useNow } from '@/ui/use-now.ts'
import { proofText } from './status-text.ts'

/** "6,046 of 6,046 mirrored, checked 4 min ago": the proof that nothing is missing. */
export function AccountProof({ account, brief }: { account: Account; brief?: boolean }) {
  const now = useNow('halfMinute')
  const text = proofText(account)
  if (!text || !account.proof) return null
  const checked = `checked ${ago(account.proof.checkedAt, now)}`
  return (
    <p
      data-testid="account-proof"
      title={`${text}, checked at ${clock(account.proof.checkedAt, now)}`}
      className="truncate text-2xs text-faint"
    >
      {text}
      <span className={brief ? 'sr-only' : undefined}>, {checked}</span>
    </p>
  )
}
