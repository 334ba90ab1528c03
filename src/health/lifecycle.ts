import { Injectable } from '@nestjs/common';

/** Whether this instance is on its way out and should get no new requests. */
@Injectable()
export class Lifecycle {
  stopping = false;
}
