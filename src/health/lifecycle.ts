import { Injectable } from '@nestjs/common';

/** Whether this instance is shutting down and should receive no new requests. */
@Injectable()
export class Lifecycle {
  stopping = false;
}
