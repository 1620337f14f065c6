import type { LabelView } from '@inlet/client/views'
import { hueOf } from '@/ui/hue.ts'

/** The provider's colour, or one that the label's name always gets. */
export const labelColor = (label: LabelView): string => label.color ?? `oklch(0.68 0.14 ${hueOf(label.name)})`
