# The tags of C++ exceptions and of longjmp: immutable, one i32, the address of what is thrown.
	.globl	__cpp_exception
	.tagtype	__cpp_exception i32
__cpp_exception:
	.globl	__c_longjmp
	.tagtype	__c_longjmp i32
__c_longjmp:
