import type { Break } from './break.ts'
import { accessBreaks } from './breaks-access.ts'
import { connectionBreaks } from './breaks-connection.ts'
import { cursorBreaks } from './breaks-cursor.ts'
import { feedBreaks } from './breaks-feed.ts'
import { hubBreaks } from './breaks-hub.ts'
import { lanesBreaks } from './breaks-lanes.ts'
import { mirrorBreaks } from './breaks-mirror.ts'
import { pushBreaks } from './breaks-push.ts'

export const breaks: readonly Break[] = [
  ...connectionBreaks,
  ...cursorBreaks,
  ...lanesBreaks,
  ...accessBreaks,
  ...feedBreaks,
  ...hubBreaks,
  ...mirrorBreaks,
  ...pushBreaks,
]
