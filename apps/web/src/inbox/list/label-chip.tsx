import type { LabelView } from '@inlet/client/views'
import { labelColor } from '../label-color.ts'
import { labelName } from '../label-name.ts'

export function LabelChip({ label }: { label: LabelView }) {
  return (
    <span className="inline-flex h-[18px] max-w-28 shrink-0 items-center gap-1 rounded border border-line px-1.5 text-2xs text-muted">
      <span
        aria-hidden
        className="size-1.5 shrink-0 rounded-full"
        style={{ background: labelColor(label) }}
      />
      <span className="truncate">{labelName(label)}</span>
    </span>
  )
}
