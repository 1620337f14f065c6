import { displayName } from '@inlet/protocol/display-name'
import type { Address } from '@inlet/protocol/entities'
import type { CSSProperties } from 'react'
import { cx } from './cx.ts'
import { hueOf } from './hue.ts'

function initials(address: Address): string {
  const words = displayName(address)
    .replace(/[^\p{L}\p{N}\s.@_-]/gu, '')
    .split(/[\s._@-]+/)
    .filter(Boolean)
  const first = [...(words[0] ?? '?')][0] ?? '?'
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toUpperCase()
}

/** Initials in a colour that the address always gets. Decorative: the name stands beside it. */
export function Avatar({ address, className }: { address: Address; className?: string }) {
  const style = { '--h': hueOf(address.email.toLowerCase()) } as CSSProperties
  return (
    <span
      aria-hidden
      style={style}
      className={cx(
        'avatar-tint inline-flex size-8 shrink-0 items-center justify-center rounded-full text-2xs font-semibold select-none',
        className,
      )}
    >
      {initials(address)}
    </span>
  )
}
