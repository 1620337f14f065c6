import { ArrowUp } from 'lucide-react'
import { plural } from '@/ui/format.ts'

/** What waits above, so that nothing moves under the pointer or the selection. */
export function NewMailPill({ waiting, onShow }: { waiting: number; onShow(): void }) {
  if (waiting === 0) return null
  return (
    <div className="pointer-events-none absolute inset-x-0 top-2 z-10 flex justify-center">
      <button
        type="button"
        data-testid="new-mail-pill"
        onClick={onShow}
        className="pointer-events-auto inline-flex h-7 animate-pop-in items-center gap-1.5 rounded-full bg-accent px-3 text-xs font-medium text-on-accent shadow-float hover:bg-accent-strong"
      >
        <ArrowUp className="size-3.5" strokeWidth={2.25} aria-hidden />
        {plural(waiting, 'new message')}
      </button>
    </div>
  )
}
