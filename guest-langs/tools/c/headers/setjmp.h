/* No jumps: WebAssembly has none without exceptions. Where the tools would jump, after an error
 * that they have told, they end. */
#pragma once
typedef int jmp_buf[1];
typedef int sigjmp_buf[1];
_Noreturn void unix_ended_by_jump(int status);
#define setjmp(place) 0
#define sigsetjmp(place, mask) 0
#define longjmp(place, value) unix_ended_by_jump(value)
#define siglongjmp(place, value) unix_ended_by_jump(value)
