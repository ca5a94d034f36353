import type { RouteItem } from '../resources/routes.js';
import { PATH } from './path.js';

/** A host's route of another leaf. */
export const ROUTE: RouteItem = {
  key: '[2]:[0]:[48]:[02:00:00:00:00:02]',
  type: 2,
  rd: '10.0.0.2:10010',
  ethernetTag: 0,
  mac: '02:00:00:00:00:02',
  ip: null,
  prefix: null,
  gateway: null,
  esi: '00:00:00:00:00:00:00:00:00:00',
  labels: [10010],
  origin: 'remote',
  paths: [PATH],
  vnis: [10010],
};
/** Where the next page begins. */
export const ROUTE_CURSOR = 'cmVtb3RlLzY4MDk2LzE0MTA4Mi8yLzAvMjE5OTAyMzI1NTU1NC8wMDAwMDAwMDAwMDAwMDAwMDAwMC8';
