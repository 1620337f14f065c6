import type { LabelView } from '@inlet/client/views'

/** Gmail's own labels are called CATEGORY_UPDATES and the like; a person's keep their name. */
export function labelName({ name, role }: Pick<LabelView, 'name' | 'role'>): string {
  if (role === null || !/^[A-Z_]+$/.test(name)) return name
  const words = name
    .replace(/^CATEGORY_/, '')
    .replaceAll('_', ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
