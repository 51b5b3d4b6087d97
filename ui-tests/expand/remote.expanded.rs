#[doc = " A smaller image."]
#[allow(non_upper_case_globals)]
pub static thumb: ::asyncio::RemoteFunction<fn(Vec<u8>, u32) -> asyncio::Result<Vec<u8>>> = {
    fn thumb(image: Vec<u8>, width: u32) -> asyncio::Result<Vec<u8>> {
        Ok(image.into_iter().step_by(width as usize).collect())
    }
    ::asyncio::__private::inventory::submit! { :: asyncio :: __private :: Entry :: new (:: asyncio :: __private :: core :: concat ! (:: asyncio :: __private :: core :: module_path ! () , "::" , "thumb") , 13138208769762785977u64 , :: asyncio :: __private :: core :: concat ! (:: asyncio :: __private :: core :: file ! () , ":" , :: asyncio :: __private :: core :: line ! ()) , | arguments | :: asyncio :: __private :: answer (thumb as fn (Vec < u8 > , u32) -> asyncio :: Result < Vec < u8 > > , arguments) ,) }
    ::asyncio::RemoteFunction::new(
        ::asyncio::__private::core::concat!(::asyncio::__private::core::module_path!(), "::", "thumb"),
        13138208769762785977u64,
        thumb as fn(Vec<u8>, u32) -> asyncio::Result<Vec<u8>>,
    )
};
