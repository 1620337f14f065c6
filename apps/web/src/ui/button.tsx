import type { ButtonHTMLAttributes } from 'react'
import { cx } from './cx.ts'

const kinds = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong border-transparent',
  plain: 'bg-raised text-text border-line-strong hover:bg-hover',
  quiet: 'border-transparent text-muted hover:bg-hover hover:text-text',
  danger: 'bg-raised text-bad-text border-line-strong hover:bg-bad-wash',
} as const

const sizes = { sm: 'h-7 px-2.5 text-xs', md: 'h-8 px-3', lg: 'h-9 px-4' } as const

export interface ButtonStyle {
  kind?: keyof typeof kinds
  size?: keyof typeof sizes
}

export function buttonClass({ kind = 'plain', size = 'md' }: ButtonStyle = {}, extra?: string): string {
  return cx(
    'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors duration-100 select-none disabled:pointer-events-none disabled:opacity-50',
    kinds[kind],
    sizes[size],
    extra,
  )
}

export function Button({
  kind = 'plain',
  size = 'md',
  className,
  ...rest
}: ButtonStyle & ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button type="button" className={buttonClass({ kind, size }, className)} {...rest} />
}
