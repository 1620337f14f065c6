import type { Break } from './break.ts'
import { accessBreaks } from './breaks-access.ts'
import { attendanceBreaks } from './breaks-attendance.ts'
import { connectionBreaks } from './breaks-connection.ts'
import { cursorBreaks } from './breaks-cursor.ts'
import { feedBreaks } from './breaks-feed.ts'
import { frontBreaks } from './breaks-front.ts'
import { graphBreaks } from './breaks-graph.ts'
import { hubBreaks } from './breaks-hub.ts'
import { imapBreaks } from './breaks-imap.ts'
import { lanesBreaks } from './breaks-lanes.ts'
import { limitsBreaks } from './breaks-limits.ts'
import { mirrorBreaks } from './breaks-mirror.ts'
import { placesBreaks } from './breaks-places.ts'
import { pushBreaks } from './breaks-push.ts'
import { reconcileBreaks } from './breaks-reconcile.ts'
import { streamsBreaks } from './breaks-streams.ts'
import { surveyBreaks } from './breaks-survey.ts'

export const breaks: readonly Break[] = [
  ...connectionBreaks,
  ...streamsBreaks,
  ...frontBreaks,
  ...cursorBreaks,
  ...lanesBreaks,
  ...accessBreaks,
  ...feedBreaks,
  ...hubBreaks,
  ...mirrorBreaks,
  ...pushBreaks,
  ...reconcileBreaks,
  ...limitsBreaks,
  ...graphBreaks,
  ...attendanceBreaks,
  ...placesBreaks,
  ...surveyBreaks,
  ...imapBreaks,
]
