import type { Label } from '@inlet/protocol/entities'
import { hueOf } from '@/ui/hue.ts'

/** The provider's colour, or one that the label's name always gets. */
export const labelColor = (label: Label): string => label.color ?? `oklch(0.68 0.14 ${hueOf(label.name)})`
