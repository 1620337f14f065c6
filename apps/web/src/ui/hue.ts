/** A hue in degrees that the same text always gets, in 24 steps so that neighbours stay apart. */
export function hueOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return ((hash >>> 8) % 24) * 15
}
